"""Transforms of images and of numbers."""
