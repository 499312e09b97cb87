"""A distillation run: its configuration, its stages, its plan and its report."""
