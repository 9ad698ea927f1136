-- A blog without articles begins with an index of the newest version. That of any other blog is made anew when the program starts.
UPDATE search_analysis SET version = 2 WHERE NOT EXISTS (SELECT 1 FROM articles);
