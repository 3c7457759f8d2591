"""Questions with known answers: made from packs, asked, and counted."""
