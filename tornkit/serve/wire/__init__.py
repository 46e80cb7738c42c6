"""Messages and channels between the processes, heartbeats; and how a process is started."""
