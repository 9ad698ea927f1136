# Тексты учётных записей: вход, регистрация, своя учётная запись, закладки и подписки.

## Signing in, and lists of one's own

user-name = Имя пользователя
password = Пароль
sign-up = Зарегистрироваться
no-account-yet = Ещё нет учётной записи?
sign-in-to-like = Войдите, чтобы отметить «{ $title }»
sign-in-and-like = Войти и отметить
sign-in-to-save = Войдите, чтобы сохранить «{ $title }»
sign-in-and-save = Войти и сохранить
sign-in-to-follow = Войдите, чтобы подписаться: { $name }
sign-in-and-follow = Войти и подписаться
nothing-saved = В закладках пока пусто
nothing-saved-advice = Добавьте статью в закладки на её странице, и она появится здесь. Этот список видите только вы.
find-something = Найти что почитать
saved-intro = Статьи из ваших закладок, последние сверху.
follows-nobody = Вы пока ни на кого не подписаны
follows-nobody-advice = Подпишитесь на авторов на их страницах, и их новые статьи появятся здесь.
find-someone = Найти авторов
no-articles-by-them = У них нет опубликованных статей.
following-intro = Статьи авторов, на которых вы подписаны, новые сверху.
