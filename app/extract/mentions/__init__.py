"""Who is meant: people, organizations and documents under all their names, pronouns and descriptions."""
