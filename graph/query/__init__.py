"""Strangers' Cypher: what a text may say, before any store sees it."""
