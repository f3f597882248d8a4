"""Settings from TOML, read the same way by all three programs: unknown keys are refused, with file, line and field."""

from toml_settings.settings_file import Place, Port, Positive, PositiveInt, Section, SettingsFile, SettingsInvalid, Wrong, places

__all__ = ["Place", "Port", "Positive", "PositiveInt", "Section", "SettingsFile", "SettingsInvalid", "Wrong", "places"]
