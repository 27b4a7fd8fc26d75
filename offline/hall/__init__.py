"""What a terminal or a hall server offers its neighbours: it keeps and carries what it need not be able to read."""
