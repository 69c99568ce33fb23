-- Pictures whose words were flagged, and are shown to who wants to see them.

ALTER TABLE artworks ADD COLUMN flagged INTEGER NOT NULL DEFAULT 0;
