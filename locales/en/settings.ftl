# Texts of pages for administrators.
