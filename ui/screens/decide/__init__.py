"""決裁: staff with the right decide what somebody who only receives has put together."""
