FILES: dict[str, str]
