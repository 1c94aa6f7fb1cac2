"""Types of what haicap uses of django-allauth 65, which has none of its own."""
