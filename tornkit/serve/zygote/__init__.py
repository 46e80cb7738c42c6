"""The processes that import ahead: the zygote, which forks workers, and standby processes."""
