"""Widgets of the lessons: controls around the pure drawing functions of `panels` (ipywidgets 7.7 and 8)."""
