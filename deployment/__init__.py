"""How a device gets new software or a new configuration, and gets rid of it by itself when it does not work.

`keeper` runs beside the agent with the system's own Python and nothing installed: it must outlive an agent that cannot even start. So it
and `state_file`, which both read and write, use the standard library alone. `release` (signed software) needs cryptography.
"""
