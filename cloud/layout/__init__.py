"""A municipality as CSV files in the shape of the 中間標準レイアウト: read with proof that nothing got lost, and written."""
