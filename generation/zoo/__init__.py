"""Models: what a folder holds, and how it is loaded safely. Only load and shelf need torch."""
