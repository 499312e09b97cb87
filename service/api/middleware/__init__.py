"""Middleware: the steps before and after every route."""
