"""The plan (kế hoạch sắp xếp): its values, its file, its proposal and its check."""

from haicap.reorganisation.plan.model import (
    Abolition,
    Division,
    Legal,
    Part,
    Plan,
    Staffing,
    Transfer,
    UnitPlan,
)

__all__ = ["Abolition", "Division", "Legal", "Part", "Plan", "Staffing", "Transfer", "UnitPlan"]
