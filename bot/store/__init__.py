"""What is kept: one SQLite file, and a folder of pictures. The only place with SQL."""
