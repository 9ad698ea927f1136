# Тексты страниц для чтения и того, что есть на каждой странице. Как добавить текст или язык,
# сказано в docs/LANGUAGES.md.

## Every page

skip-to-content = К содержанию
menu = Меню
site-navigation = Разделы сайта
most-viewed = Популярное
search = Поиск
sign-in = Войти
sign-out = Выйти
saved = Закладки
following = Подписки
studio = Редакция
users = Пользователи
settings = Настройки
archive = Архив
tags = Теги
authors = Авторы
how-views-are-counted = Как считаются просмотры
feed = Лента
language = Язык
most-viewed-articles = Популярные статьи
most-viewed-in-the-last = Популярное за период
rankings-unavailable = Популярные статьи сейчас показать не удаётся.
no-views-in-period = За этот период просмотров ещё не было.
all-time = Всё время
last-24-hours = 24 часа
last-7-days = 7 дней
last-30-days = 30 дней

## Counts and times

views = { $count ->
    [one] { $count } просмотр
    [few] { $count } просмотра
    [many] { $count } просмотров
   *[other] { $count } просмотра
}
followers = { $count ->
    [one] { $count } подписчик
    [few] { $count } подписчика
    [many] { $count } подписчиков
   *[other] { $count } подписчика
}
articles = { $count ->
    [one] { $count } статья
    [few] { $count } статьи
    [many] { $count } статей
   *[other] { $count } статьи
}
reading-minutes = { $count } мин чтения
every-days = { $count ->
    [one] { $count } день
    [few] { $count } дня
    [many] { $count } дней
   *[other] { $count } дня
}
every-hours = { $count ->
    [one] { $count } час
    [few] { $count } часа
    [many] { $count } часов
   *[other] { $count } часа
}
every-minutes = { $count ->
    [one] { $count } минуту
    [few] { $count } минуты
    [many] { $count } минут
   *[other] { $count } минуты
}
every-seconds = { $count ->
    [one] { $count } секунду
    [few] { $count } секунды
    [many] { $count } секунд
   *[other] { $count } секунды
}
count-from = { $count } из { $source }
count-from-until = { $count } из { $source } до { $day }
including = в том числе { $counts }

## Articles

comma = {", "}
and = {" и "}
updated = Обновлено
contents = Содержание
series = Серия
part-of = Часть { $number } из { $count } серии
like = Нравится
save = В закладки
follow = Подписаться
how-this-is-counted = Как это считается
counts-once = Каждый читатель считается один раз в { $window }. Повторы, боты и сами авторы статьи не считаются.
counts-once-with-authors = Каждый читатель считается один раз в { $window }. Повторы и боты не считаются.
views-of-last-day = За 24 часа: { $views }
not-known-now = сейчас неизвестно
all-articles-by = Все статьи автора { $name }
share-by-email = Отправить по почте
copy-link = Скопировать ссылку
previous-and-next = Предыдущая и следующая статьи
previous-article = Предыдущая
next-article = Следующая
more-about = Ещё по теме { $tag }
related = Похожие статьи
scheduled-for = Будет опубликовано { $time }. До тех пор эту страницу видят только авторы статьи и администраторы.
edit-this-article = Редактировать статью

## Lists

newer = ← Новее
older = Раньше →
previous-page = ← Назад
next-page = Дальше →
pages = Страницы
page-of = Страница { $page } из { $pages }
page-number = Страница { $page }
author = Автор
tag = Тег
nothing-published = Пока ничего не опубликовано
nothing-published-sentence = Пока ничего не опубликовано.
first-article-soon = Скоро здесь появится первая статья. О ней сообщит { $feed }.
feed-in-sentence = лента
ranking-counts-once = Каждый читатель считается один раз на статью в { $window }. Боты не считаются.
period = Период

## Search

search-articles = Поиск по статьям
search-help-quotes = Должны встретиться все слова. { $example } — точная фраза,
search-help-minus = { $example } исключает слово.
slash-opens-search = Переходить к поиску клавишей «/»
in-quotes = "в кавычках"
minus-word = -слово
only-with-tag = Только с тегом { $tag }
search-in-tag = Искать среди статей с этим тегом
search-by-author = Искать среди статей этого автора
any-tag = любой тег
only-by-author = Только автор { $author }
any-author = любой автор
published = Опубликовано
any-time = За всё время
since-week = За 7 дней
since-month = За 30 дней
since-year = За 365 дней
order = Порядок
best-match = Сначала подходящие
newest = Сначала новые
no-word-to-look-for = В запросе «{ $text }» нет слова для поиска.
articles-contain = { $count ->
    [one] «{ $text }» есть в { $count } статье.
    [few] «{ $text }» есть в { $count } статьях.
    [many] «{ $text }» есть в { $count } статьях.
   *[other] «{ $text }» есть в { $count } статьях.
}
more-articles-contain = Статей со словами «{ $text }» — более { $count }.
no-article-contains = Нет статей со словами «{ $text }».
simpler-search = Поисковая система сейчас недоступна, поэтому поиск упрощён: формы слов и опечатки могут не учитываться.
look-in-all-articles = Искать во всех статьях
try-other-words = Попробуйте меньше слов или другие слова или посмотрите { $ranking }.
most-viewed-in-sentence = популярные статьи
popular-tags = Популярные теги:

## How views are counted

views-counted-here = Просмотров посчитано в этом блоге: { $count }
the-rules = Правила
rule-once = Каждый читатель считается один раз на статью в { $window }.
rule-reader-address = Вошедший читатель узнаётся по учётной записи, остальные — по адресу и браузеру вместе. Сам адрес никогда не хранится: хранится только хеш с ключом, и ключ уничтожается через два дня.
rule-reader-session = Вошедший читатель узнаётся по учётной записи, остальные — по файлу cookie, который исчезает с закрытием браузера. Сам адрес никогда не хранится: хранится только хеш с ключом, и ключ уничтожается через два дня.
rule-screen = Статья считается, когда она на экране. Загрузка в фоне не считается.
rule-crawlers = Поисковые роботы и другие программы, кроме браузеров, не считаются.
rule-authors-count = Авторы считаются и на своих статьях, как любые читатели.
rule-authors-do-not-count = Авторы, пока они вошли, на своих статьях не считаются.
rule-address = С одного адреса за это время засчитывается не больше { $count } читателей статьи, поэтому менять имя браузера почти бесполезно.
rule-never-falls = Счётчик никогда не уменьшается. Правка статьи его не меняет.
not-counted = Не засчитано
not-counted-since = С { $day }
reason = Причина
views-column = Просмотры
reason-repeat = Тот же читатель повторно
reason-crawler = Роботы и другие программы
reason-prefetch = Загружено в фоне
reason-address = Слишком много читателей с одного адреса
reason-author = Сами авторы статьи
check-it-yourself = Проверьте сами
check-twice = Откройте статью дважды: счётчик вырастет на один. { $address } возвращает счётчик статьи, а ответ на каждый просмотр говорит, засчитан ли он, и если нет, то почему.
try-it = Попробовать.
tested-by-killing = При проверке программу обрывают в любой момент, пока приходят просмотры: ни один просмотр, о котором сказано «засчитан», не теряется и не удваивается.

## Errors

nothing-here = Здесь ничего нет
did-not-work = Не получилось
something-broke = Что-то сломалось
back-to-home = На главную
error-not-found = По этому адресу страницы нет. Возможно, она переехала или в ссылке опечатка.
error-unauthorized = Сначала войдите.
error-too-large = Отправлено слишком много данных.
error-unavailable = Сейчас это невозможно. Попробуйте чуть позже.
error-internal = На нашей стороне произошла ошибка.
error-wrong-request = Этот адрес не принимает такие запросы.
error-gone = То, что было по этому адресу, удалено.
error-cross-site = Этот запрос пришёл с другого сайта и отклонён.
error-role-author = Это могут делать только авторы.
error-role-admin = Это могут делать только администраторы.
error-role-changed = Вам это больше недоступно: ваша роль изменилась.
error-no-article = Такой статьи нет.
error-no-visible-article = Такой статьи нет, или она больше не опубликована.
error-no-author = Автора с таким именем нет.
error-follow-self = Нельзя подписаться на себя.
error-true-or-false = Поле { $field } должно быть true или false.
error-language = Язык должен быть одним из: { $names }.
form-too-large-to-keep = { $reason } Форма слишком велика, чтобы показать её здесь ещё раз, но она осталась в браузере: вернитесь на страницу назад, при необходимости войдите в другой вкладке и отправьте ещё раз.

## Said by the script

switch-to-dark = Включить тёмные цвета
switch-to-light = Включить светлые цвета
not-saved = Не сохранено.
suggestions = Статьи
share = Поделиться
copy = Копировать
copied = Скопировано
copying-failed = Не удалось скопировать
