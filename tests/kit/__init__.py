"""What many tests share: time that jumps, vendors that follow a script, observers that write things down."""
