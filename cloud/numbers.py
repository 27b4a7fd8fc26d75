"""Check digits of the register's numbers ([STD j130]): modulus 11, weights 2 to 7."""


def check_digit(body: str) -> int | None:
    """Return the digit after a number; None for remainder 1, which the standard leaves open and we skip."""
    weighted = sum(int(digit) * (2 + place % 6) for place, digit in enumerate(reversed(body)))
    remainder = weighted % 11
    return None if remainder == 1 else (11 - remainder) % 11


def next_number(last: str) -> str:
    """Return the next number of the same length with a valid check digit; ValueError where none is left."""
    body, width = int(last[:-1] or 0), len(last) - 1
    while True:
        body += 1
        text = f"{body:0{width}d}"
        if len(text) > width:
            raise ValueError("no number of that length is left")
        digit = check_digit(text)
        if digit is not None:
            return f"{text}{digit}"
