"""What a program tells the service manager that started it: that it is ready, that it lives, that it ends."""

from service_manager.notices import ServiceManager

__all__ = ["ServiceManager"]
