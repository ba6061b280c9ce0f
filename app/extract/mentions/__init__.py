"""Resolve mentions to voices: people, organizations and documents under all their names, pronouns and descriptions."""
