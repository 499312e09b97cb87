"""The exception of Ctrl-C, apart from the progress bar: --help loads no terminal library for it."""


class Stopped(Exception):
    """Ctrl-C ended the work. Its text is the message to print, empty for the usual one."""
