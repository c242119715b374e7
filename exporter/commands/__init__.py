"""What the command line can be told to do, a file each; values in, an exit code out.

`flags` holds what was said on the command line, `setup` turns it into a configuration and an application, and
`revision` tells what is running. None of it reads the command line.
"""
