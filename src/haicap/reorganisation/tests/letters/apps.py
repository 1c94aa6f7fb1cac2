from haicap.kernel.contract import SystemConfig


class LettersConfig(SystemConfig):
    """Thư: the system of the tests."""

    default = True
    name = "haicap.reorganisation.tests.letters"
    label = "letters"
    verbose_name = "Thư"
