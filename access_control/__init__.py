"""Who may open what: people with roles, keys with scopes, sessions, limits on guessing, the audit chain, and the gate before every page.

Hub and cloud keep people in stores of their own, and have roles and scopes of their own; how people come in is the same code for both.
"""
