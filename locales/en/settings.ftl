# Texts of pages for administrators.

## Users

no-role = Please choose a role: reader, author or admin.
no-user = There is no user with this name.
no-own-role = You can't remove your own role; another administrator can.
no-own-access = You can't remove your own access; another administrator can.
