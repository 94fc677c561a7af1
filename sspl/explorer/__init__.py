"""The page, a file for each tab; `app.py` puts them together and serves them."""
