"""Pictures of the page for people, for the documentation."""
