"""The plumbing around the notebooks: installation, address, running, normalising, the site and the learner's copies."""
