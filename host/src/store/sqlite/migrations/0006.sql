-- Who has a badge, in the order of the first award: whoever asks for one that nobody has waits for no walk through all of the project.
CREATE INDEX badge_badge ON badge (project, badge, id);
