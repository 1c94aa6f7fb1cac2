from django.dispatch import Signal

user_logged_in: Signal
password_changed: Signal
password_set: Signal
password_reset: Signal
