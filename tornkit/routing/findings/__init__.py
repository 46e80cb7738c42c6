"""What checks may say: codes, which of them are wanted, and how some are mended."""
