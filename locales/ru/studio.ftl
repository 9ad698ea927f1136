# Тексты редакции.

## The list of articles

all-articles = Все
drafts = Черновики
scheduled-articles = Запланированные
published-articles = Опубликованные
bin = Корзина
title = Заголовок
published-at = Опубликовано
updated-at = Изменено
views-of-week = 7 дней
likes = Нравится
times-saved = В закладках
status = Статус
search-titles = Поиск по заголовкам
pictures = Изображения
new-article = Новая статья
write-an-article = Написать статью
moved-to-bin = Статья в корзине. Там её можно восстановить.
nothing-found = Ничего не найдено
no-title-matches = Здесь нет статей с такими словами в заголовке.
nothing-written = Пока ничего не написано
nothing-written-advice = Здесь будут ваши статьи и их просмотры.
no-drafts = Черновиков нет
no-drafts-advice = Статья остаётся черновиком, пока вы её не опубликуете.
nothing-scheduled = Ничего не запланировано
nothing-scheduled-advice = Статью можно опубликовать в выбранное время.
none-published = Опубликованных статей пока нет
none-published-advice = Опубликуйте черновик, и читатели сразу его увидят.
bin-is-empty = Корзина пуста
bin-is-empty-advice = Здесь хранятся удалённые статьи.
status-draft = Черновик
status-scheduled = Запланирована
status-published = Опубликована
status-in-the-bin = В корзине
page = Страница

## The editor

edit-article = Редактирование «{ $title }»
text-in-markdown = Текст (Markdown)
summary = Краткое описание
summary-hint = Для списков и результатов поиска. Если не заполнять, будет показано начало текста.
tags-hint = Через запятую.
series-hint = Статьи с одинаковым названием здесь — части одной серии, по порядку дат.
address = Адрес
address-hint = Часть после /articles/, а у страницы — после /. Если не заполнять, адрес получится из заголовка.
cover-picture = Обложка
cover-hint = Адрес изображения: /pictures/… или https://…
this-is-a-page = Это страница
page-hint = Для текстов вроде «О блоге» или «Контакты»: без даты, не попадает в списки, ленты, рейтинги и поиск.
pictures-without-script = { $link } можно на отдельной странице. С JavaScript здесь появится предпросмотр, а текст будет сохраняться по мере набора.
save-draft = Сохранить черновик
update = Обновить
save-article = Сохранить
publish-now = Опубликовать сейчас
cancel-schedule = Отменить публикацию
unpublish = Снять с публикации
publish-later = Опубликовать позже
schedule = Запланировать
change-time = Изменить время
change-date = Изменить дату
time-in-zone = Время ({ $zone })
time-zone-hint = Часовой пояс можно изменить на странице «Учётная запись».
scheduled-at = на { $time }
version-saved = Версия { $version }, сохранена { $time }
day-and-time = { $day }, { $time } { $zone }
view-page = Открыть страницу
view-article = Открыть статью
view-scheduled = Посмотреть, как увидят читатели
move-to-bin = В корзину
restore = Восстановить

## What was done

done-saved = Сохранено.
done-unchanged = Сохранять нечего: изменений нет.
done-published = Опубликовано. Теперь это видят читатели.
done-scheduled = Запланировано. Читатели увидят статью в указанное ниже время.
done-dated = Дата изменена. Читатели видят новую дату.
done-unpublished = Снято с публикации. Теперь это видите только вы.
done-unscheduled = Публикация отменена. Это снова черновик.
done-restored = Статья восстановлена.
done-revision = Версия восстановлена.
done-discarded = Несохранённые изменения удалены.
done-kept = Не удалено: эти изменения появились в другой вкладке уже после того, как вы открыли страницу.

## Drafts

changes-recovered = Восстановлены несохранённые изменения: { $time }.
discard-them = Удалить их
other-changes = Другие несохранённые изменения
other-changes-sentence = У вас есть и другие несохранённые изменения, возможно в другой вкладке:
open = Открыть
discard = Удалить

## Said while typing

preview = Предпросмотр
what-readers-see = Как увидят читатели
add-picture = Добавить изображение
dismiss = Закрыть
draft-saved = Черновик сохранён · { $time }
draft-saved-after-change = Черновик сохранён · { $time }. { $change } При сохранении вы увидите оба текста.
page-out-of-date = Страница устарела: её текст уже сохранён. Обновите её, чтобы продолжить.
draft-no-connection = Не сохранено: нет связи. Пробуем снова.
draft-signed-out = Не сохранено: вы вышли. Войдите в другой вкладке, и сохранение здесь продолжится.
draft-not-saved = Не сохранено. { $reason }
uploading = Загружается { $name }…
picture-was-added = Файл { $name } добавлен.
picture-not-added = Не удалось добавить { $name }. { $reason }
upload-no-connection = Нет связи.
upload-not-read = Не удалось прочитать ответ сервера.
upload-answered = Сервер ответил { $status }.

## Changes by others

changed-in-another-tab = Эта статья изменена в другой вкладке.
changed-by = Эта статья изменена пользователем { $name }.
changed-to-bin = Эта статья перемещена в корзину.
changed-since = Эта статья изменилась с тех пор, как вы её открыли.
saved-before = Эта форма уже сохранена как эта статья.
text-is-safe = { $change } Ваш текст не потерян.
look-again-before-bin = { $change } Посмотрите на неё ещё раз, прежде чем убирать в корзину.
look-again-before-restore = { $change } Посмотрите на неё ещё раз, прежде чем восстанавливать.
look-again-before-revision = { $change } Посмотрите на неё ещё раз, прежде чем восстанавливать эту версию.
conflict-below = Ваш текст ниже, а сохранённая версия не изменится, пока вы не сохраните. Если сохранить сейчас, ваш текст её заменит, но она останется в { $link }.
conflict-merge = {" "}Или { $link } в новой вкладке и объедините оба текста.
revisions-in-sentence = списке версий
open-saved-version = откройте сохранённую версию
saved-version = Сохранённая версия
your-text = ваш текст
colon = :
full-text-of-saved = Полный текст сохранённой версии
text-of-saved = Текст сохранённой версии

## Revisions and differences

revisions = Версии
revision = Версия
no-revisions = Версий пока нет. Первое сохранение в редакции создаст сразу две.
not-saved-in-studio = сохранено не в редакции
version = Версия { $version }
current = Текущая
characters = { $count ->
    [one] { $count } знак
    [few] { $count } знака
    [many] { $count } знаков
   *[other] { $count } знака
}
changed-title = заголовок
changed-address = адрес
changed-summary = описание
changed-tags = теги
changed-cover = обложка
changed-text = текст
changed-text-longer = { $count ->
    [one] текст (+{ $count } знак)
    [few] текст (+{ $count } знака)
    [many] текст (+{ $count } знаков)
   *[other] текст (+{ $count } знака)
}
changed-text-shorter = { $count ->
    [one] текст (−{ $count } знак)
    [few] текст (−{ $count } знака)
    [many] текст (−{ $count } знаков)
   *[other] текст (−{ $count } знака)
}
changed-status = статус
restore-revision = Восстановить эту версию
restore-revision-hint = Будет создана новая версия. Ничего не потеряется.
changes-in-version = Изменения в версии { $version }
revisions-of = Версии «{ $title }»
changes-to-current = Что изменилось с этой версии до текущей
text = Текст
kind = Вид
kind-article = статья
kind-page = страница
no-difference = Отличий нет.
difference = Отличия
line-removed = удалено:
line-added = добавлено:
lines-cut = Некоторые строки слишком длинные и показаны не целиком.
lines-left-out = { $count ->
    [one] Ещё { $count } строка, изменённая или рядом с изменением, не показана: строк слишком много.
    [few] Ещё { $count } строки, изменённые или рядом с изменениями, не показаны: строк слишком много.
    [many] Ещё { $count } строк, изменённых или рядом с изменениями, не показано: строк слишком много.
   *[other] Ещё { $count } строки, изменённые или рядом с изменениями, не показаны: строк слишком много.
}

## Rejected articles

title-missing = Статье нужен заголовок.
title-too-long = { $count ->
    [one] Заголовок может быть не длиннее { $count } знака.
    [few] Заголовок может быть не длиннее { $count } знаков.
    [many] Заголовок может быть не длиннее { $count } знаков.
   *[other] Заголовок может быть не длиннее { $count } знака.
}
address-not-valid = { $count ->
    [one] В адресе могут быть строчные буквы, цифры и одиночные дефисы, всего не больше { $count } знака, например «{ $example }». Если не заполнять, адрес получится из заголовка.
    [few] В адресе могут быть строчные буквы, цифры и одиночные дефисы, всего не больше { $count } знаков, например «{ $example }». Если не заполнять, адрес получится из заголовка.
    [many] В адресе могут быть строчные буквы, цифры и одиночные дефисы, всего не больше { $count } знаков, например «{ $example }». Если не заполнять, адрес получится из заголовка.
   *[other] В адресе могут быть строчные буквы, цифры и одиночные дефисы, всего не больше { $count } знака, например «{ $example }». Если не заполнять, адрес получится из заголовка.
}
address-taken = Этот адрес уже занят другой статьёй, возможно лежащей в корзине. Выберите другой.
address-reserved = Адрес { $address } занят самим Tidemark. Введите другой.
summary-too-long = { $count ->
    [one] Описание может быть не длиннее { $count } знака.
    [few] Описание может быть не длиннее { $count } знаков.
    [many] Описание может быть не длиннее { $count } знаков.
   *[other] Описание может быть не длиннее { $count } знака.
}
too-many-tags = { $count ->
    [one] У статьи может быть не больше { $count } тега.
    [few] У статьи может быть не больше { $count } тегов.
    [many] У статьи может быть не больше { $count } тегов.
   *[other] У статьи может быть не больше { $count } тега.
}
tag-too-long = { $count ->
    [one] Тег может быть не длиннее { $count } знака. Разделяйте теги запятыми.
    [few] Тег может быть не длиннее { $count } знаков. Разделяйте теги запятыми.
    [many] Тег может быть не длиннее { $count } знаков. Разделяйте теги запятыми.
   *[other] Тег может быть не длиннее { $count } знака. Разделяйте теги запятыми.
}
series-too-long = { $count ->
    [one] Название серии может быть не длиннее { $count } знака.
    [few] Название серии может быть не длиннее { $count } знаков.
    [many] Название серии может быть не длиннее { $count } знаков.
   *[other] Название серии может быть не длиннее { $count } знака.
}
cover-not-valid = Обложка — это адрес, например /pictures/name.jpg или https://….
text-too-long = { $count ->
    [one] Текст может быть не длиннее { $count } знака.
    [few] Текст может быть не длиннее { $count } знаков.
    [many] Текст может быть не длиннее { $count } знаков.
   *[other] Текст может быть не длиннее { $count } знака.
}
time-has-passed = Это время уже прошло: сейчас { $now } ({ $zone }). Выберите время позже или нажмите «Опубликовать сейчас».
time-missing = Выберите дату и время.
no-such-article = Такой статьи нет, или она не ваша.
no-such-revision = Такой версии нет.
form-key-not-valid = { $count ->
    [one] Ключ формы состоит из { $count } шестнадцатеричной цифры. Обновите страницу.
    [few] Ключ формы состоит из { $count } шестнадцатеричных цифр. Обновите страницу.
    [many] Ключ формы состоит из { $count } шестнадцатеричных цифр. Обновите страницу.
   *[other] Ключ формы состоит из { $count } шестнадцатеричной цифры. Обновите страницу.
}
processing-failed = Это не удалось обработать. Это ошибка в Tidemark.
processing-takes-too-long = Обработка занимает слишком много времени. Сделайте текст короче.

## Notes on a text

note-code-is-plain = Часть кода слишком длинная для подсветки и показана без неё.
note-nests-too-deep = Часть текста вложена глубже 100 уровней; дальше вложенность не показана.
note-tag-is-too-long = Часть тегов, ссылок или изображений потеряла атрибуты: у одного их больше чем на 8 КиБ, или разных названий атрибутов больше 1000.
note-too-much-outside-cells = В таблицах слишком много текста вне ячеек, поэтому весь текст показан как набран.
note-too-large-a-page = Страница получилась бы больше 8 МиБ, поэтому текст показан как набран.
note-too-many-addresses = Слишком много адресов подряд без пробелов, поэтому ни один не стал ссылкой.
note-too-many-headings = В тексте может быть до 500 заголовков; остальные показаны как абзацы.
note-formula-is-source = Некоторые формулы не удалось отобразить, они показаны как набраны.
note-diagram-is-source = Некоторые диаграммы не удалось нарисовать, они показаны как код.
note-too-many-footnotes = В тексте может быть до 1000 ссылок на сноски; остальные показаны как набраны.

## Pictures

add-pictures = Добавить изображения
picture-hint = PNG, JPEG, GIF или WebP, всего до { $count } МиБ.
upload = Загрузить
no-pictures = Изображений пока нет. Выберите файл выше. Он получит адрес, который нельзя угадать, а данные камеры, например место съёмки, будут удалены.
one-picture-added = Изображение добавлено. Скопируйте его код Markdown в статью.
pictures-added = Изображения добавлены. Скопируйте их код Markdown в статью.
picture-deleted = Изображение удалено.
markdown-for = Код Markdown: { $name }
delete = Удалить
delete-picture = Удалить изображение
delete-picture-warning = В статьях с этим изображением его больше не будет видно.
bytes = { $count ->
    [one] { $count } байт
    [few] { $count } байта
    [many] { $count } байт
   *[other] { $count } байта
}
kibibytes = { $count } КиБ
mebibytes = { $whole },{ $tenths } МиБ
picture-unsupported = Файл { $name } — не PNG, JPEG, GIF или WebP.
picture-damaged = Файл { $name } повреждён или обрезан.
picture-too-large = В { $name } слишком много пикселей: можно не больше { $side } по каждой стороне, { $total } млн всего и { $animation } млн в анимации.
picture-too-many-passes = В { $name } слишком много проходов сканирования. Сохраните файл заново как обычный JPEG.
pictures-full = Можно хранить не больше { $pictures } изображений, всего до { $mib } МиБ, а с этими выйдет больше. Удалите те, которых нет ни в одной статье, или попросите у владельца блога больше места.
one-picture-per-request = Отправляйте по одному изображению за запрос.
picture-as-form = Отправьте изображение в поле { $field } формы (multipart/form-data).
too-many-pictures = { $count ->
    [one] За один раз можно отправить не больше { $count } изображения.
    [few] За один раз можно отправить не больше { $count } изображений.
    [many] За один раз можно отправить не больше { $count } изображений.
   *[other] За один раз можно отправить не больше { $count } изображения.
}
no-picture-chosen = Сначала выберите изображение.
form-unreadable = Форму не удалось прочитать: она повреждена или обрезана.
pictures-too-large = За одну загрузку можно отправить изображения общим размером до { $count } МиБ.
no-such-picture = У вас нет такого изображения.
no-picture-here = По этому адресу нет изображения.

## Warnings for administrators

warning-forwarded-from-unknown = За час { $affected } из { $views } просмотров пришли с X-Forwarded-For, и он не учитывается: их адреса нет в server.trusted-proxies. За прокси у всех читателей тогда один адрес, и статья засчитывает не больше { $cap } из них за окно. Укажите адрес прокси в server.trusted-proxies.
warning-forwarded-without-proxies = За час { $affected } из { $views } просмотров пришли с X-Forwarded-For, и он не учитывается: server.trusted-proxies не задан. За прокси у всех читателей тогда один адрес, и статья засчитывает не больше { $cap } из них за окно. Укажите адрес прокси в server.trusted-proxies.
warning-one-address = За час не меньше { $affected } из { $views } просмотров пришли с одного адреса, а статья засчитывает не больше { $cap } читателей с адреса за окно. Если впереди стоит прокси, пусть он передаёт X-Forwarded-For, а его адрес укажите в server.trusted-proxies. Если читали из одного дома или офиса, всё в порядке.
