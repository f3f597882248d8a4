"""The cloud's configuration, from TOML. Unknown keys are refused, with file, line and field."""
