"""The values a clerk would recognise; they touch nothing."""
