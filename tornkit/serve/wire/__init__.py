"""What goes between the processes: messages, channels, heartbeats; and how a process is started."""
