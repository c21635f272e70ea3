"""Sphinx' configuration of the site; `fcn-tutorial run` adds the executed notebooks and the address."""

from importlib import metadata

project = "From a classifier to a network that labels every pixel"
author = copyright = "The FCN tutorial authors"
version = release = metadata.version("fcn-tutorial")

extensions = ["myst_nb", "fcn_tutorial.course.mathml"]
html_math_renderer = "mathml"
myst_enable_extensions = ["amsmath", "colon_fence", "dollarmath"]
myst_heading_anchors = 3
myst_update_mathjax = False
nb_execution_mode = "off"
nb_ipywidgets_js = {}  # widgets need a kernel, and their scripts would come over the network
nb_output_stderr = "remove"
nb_render_image_options = {"alt": "The figure that the text below describes"}
suppress_warnings = ["mystnb.unknown_mime_type"]

html_theme = "sphinx_book_theme"
html_title = project
html_static_path = ["_static"]
html_css_files = ["course.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "use_repository_button": True,
    "use_download_button": False,
    "use_fullscreen_button": False,
    "show_toc_level": 2,
    "navbar_persistent": [],  # the side bar has the search
}
