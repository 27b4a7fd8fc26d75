"""SQLCipher files, keys and what is kept in them."""
