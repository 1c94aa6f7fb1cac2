"""What the one-stop shop's use-cases ask for."""

from haicap.kernel.contract import Permission
from haicap.systems.onestop import policy

PERMISSIONS = tuple(Permission(code, label) for code, label in policy.PERMISSIONS.items())
