"""Lịch làm việc: working hours, days off and time limits (standards §1).

`service` answers and changes, `queries` reads the tables, `WorkingCalendar` computes, `TimeUnit` names how a
time limit is counted. Explained in the docstrings of `working` and `rules`.
"""
