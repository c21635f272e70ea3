"""The plumbing around the notebooks: their address, running, normalising, the site and the learner's copies."""
