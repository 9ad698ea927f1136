# Texts of the studio.
