# Тексты страниц для администраторов.

## Every page of the settings

settings-general = Общее
settings-menu = Меню
settings-redirects = Перенаправления
settings-import = Импорт
settings-health = Состояние
save-changes = Сохранить
replaced-if-saved = Сейчас сохранено вот это; если сохранить ещё раз, оно будет заменено:
settings-conflict = С тех пор как вы открыли эту страницу, кто-то изменил настройки. Посмотрите на них ещё раз, прежде чем сохранять.

## General

settings-saved = Сохранено. В течение секунды это появится на всех страницах.
logo-changed = Логотип изменён. В течение секунды он появится на всех страницах.
site-title = Название
site-description = Описание
site-footer = Подвал
site-footer-hint = В Markdown, в конце каждой страницы. Если пусто, там показывается описание.
of-file-hint = Если пусто, берётся значение из файла настроек: «{ $value }».
as-in-file = (как в файле настроек)
logo = Логотип
the-logo = Логотип сайта
logo-hint = PNG, JPEG, GIF или WebP, до { $count } МиБ. Стоит рядом с названием, высотой не больше 2 rem.
logo-not-changed = Логотип не изменён.
logo-picture = Изображение
remove-logo = Удалить логотип
use-as-logo = Сделать логотипом
single-picture = Выберите одно изображение.
site-text-too-long = Можно не больше { $most } символов.
site-text-of-one-line = Здесь должна быть одна строка текста.
site-footer-too-long = В подвале может быть не больше { $most } символов.
site-text-unprintable = В тексте есть символ, который нельзя показать на странице.

## Menu

settings-lines-saved = Сохранено. В течение секунды обновятся все страницы.
menu-links = Ссылки в шапке
menu-hint = По одной ссылке в строке: слова, затем адрес, например «О нас /about», «Море /tags/sea» или «Код https://example.org». Они показываются в этом порядке.
menu-pages = Ваши страницы:
problem-in-line = Строка { $line }: { $problem }
menu-too-many = { $count ->
    [one] в меню может быть не больше { $count } пункта.
    [few] в меню может быть не больше { $count } пунктов.
    [many] в меню может быть не больше { $count } пунктов.
   *[other] в меню может быть не больше { $count } пункта.
}
menu-no-address = сначала напишите слова, затем адрес, например «О нас /about».
menu-too-long = { $count ->
    [one] слова могут занимать не больше { $count } символа.
    [few] слова могут занимать не больше { $count } символов.
    [many] слова могут занимать не больше { $count } символов.
   *[other] слова могут занимать не больше { $count } символа.
}
menu-unprintable = в словах есть символ, который нельзя показать на странице.
menu-wrong-address = «{ $text }» — не адрес; подойдёт /about, /tags/sea или https://example.org.

## Redirects

redirects-hint = По одному в строке: старый путь, новый адрес и 302, если это временно; «/old 410» для того, чего больше нет. Если по адресу что-то есть, показывается оно, что бы здесь ни стояло; иначе эти строки важнее старых адресов статей.
old-addresses-of-articles = Старые адреса статей ({ $count })
old-addresses-come-from = Они пришли с импортом или остались после переименования статьи. Перенаправление с них работает само.
old-addresses = Старые адреса
old-address = Старый адрес
old-address-leads-to = Ведёт на
redirects-too-many = может быть не больше { $most } перенаправлений.
redirect-twice = { $path } уже перенаправлен в строке выше.
redirect-loop = { $path } ведёт по кругу. Направьте его туда, где круг должен закончиться.
no-redirect = напишите «/old /new», «/old /new 302» или «/old 410». Другие коды не поддерживаются.
redirect-wrong-path = «{ $text }» — не путь этого сайта, такой как /old/address.
redirect-too-long = { $count ->
    [one] в пути может быть не больше { $count } символа.
    [few] в пути может быть не больше { $count } символов.
    [many] в пути может быть не больше { $count } символов.
   *[other] в пути может быть не больше { $count } символа.
}
redirect-wrong-address = «{ $text }» — не адрес, такой как /new/address или https://example.org.

## Import

import-cancelled = Отменено. Загруженные файлы удалены.
import-heading = Перенести сюда блог
import-intro = Из WordPress, Ghost, Hugo, Zola, Jekyll, Hexo, Eleventy, Astro, Obsidian или другого Tidemark. Сначала вы увидите, что произойдёт. Пока вы не подтвердите импорт, ничего не изменится.
import-file = Файл
import-hint = ZIP-архив с папкой сайта или файл экспорта WordPress (WXR) или Ghost (JSON), отдельно или в ZIP-архиве вместе с изображениями. До { $count } МиБ.
import-overwrite = Заменять содержимым файлов то, что позже изменили здесь, включая статьи в корзине и настройки
import-fetch = Скачать по старым адресам изображения, которых нет в файле экспорта WordPress или Ghost
import-upload = Загрузить и проверить
import-of = { $name }, { $size }
import-of-by = { $name }, { $size }, загружен пользователем { $sender }
import-overwrites = То, что позже изменили здесь, заменяется содержимым файлов.
import-fetches = Недостающие изображения скачиваются.
two-sentences = { $first } { $second }
import-examining = Файл проверяется
import-running = Идёт импорт
import-rehearsed = Что произойдёт при импорте
import-done = Импорт завершён
import-failed = Этот файл нельзя импортировать
import-examination-interrupted = Проверка прервана
import-interrupted = Импорт прерван
import-progress = Ход выполнения
import-so-far = { $count ->
    [one] { $done } из { $count } статьи
    [few] { $done } из { $count } статей
    [many] { $done } из { $count } статей
   *[other] { $done } из { $count } статьи
}
import-reads-files = Файлы читаются.
import-checks = Читаются все тексты и проверяются все изображения. Ничего не меняется.
import-goes-on = Эту страницу можно закрыть: импорт продолжится.
import-look-again = Обновить
import-nothing = В этом файле нечего импортировать.
import-start = Импортировать
import-go-on = Продолжить
import-cancel = Отменить
import-stop = Остановить импорт
import-close = Закрыть
import-close-report = Закрыть отчёт
import-incomplete = Пропущенное и отклонённое не импортировано. Загруженные файлы удалены.
import-stays = Уже импортированное останется. Если продолжить, импорт узнает его и добавит остальное.
import-changed-nothing = Ничего не изменилось.
import-files-gone = Если работа не начнётся в течение минуты, значит, сервера с файлами больше нет: отмените импорт и загрузите их снова.
import-count = { $fate }: { $count }
import-fate-skipped = Не статьи
import-fate-created = Новое
import-fate-updated = Обновлено
import-fate-changed = Изменено
import-fate-left = Пропущено
import-fate-refused = Отклонено
import-lines-before = ← Назад
import-lines-after = Дальше →
import-lines-not-kept = { $count ->
    [one] Ещё { $count } строка не сохранена. Её покажет «tidemark import --dry-run».
    [few] Ещё { $count } строки не сохранены. Их покажет «tidemark import --dry-run».
    [many] Ещё { $count } строк не сохранено. Их покажет «tidemark import --dry-run».
   *[other] Ещё { $count } строки не сохранены. Их покажет «tidemark import --dry-run».
}
import-busy = Предыдущая загрузка ещё не завершена. Сначала импортируйте её или отмените.
import-too-large = Файл может быть не больше { $count } МиБ. Используйте «tidemark import» на сервере или измените import.mib.
import-not-stored = Файл не удалось сохранить: { $error }. Проверьте import.folder в файле настроек.
import-as-form = Отправьте файл в поле { $field } формы (multipart/form-data).
import-too-many-fields = В форме слишком много полей.
import-no-file = Сначала выберите файл. Он не должен быть пустым.
import-by-somebody-else = Кто-то другой уже продолжил или отменил эту загрузку. Вот что с ней сейчас.

## Health

health-nothing-wrong = Всё в порядке.
health-counts = Проблем: { $problems }. Предупреждений: { $warnings }.
health-source = { $summary } Вот что сейчас сообщает { $command } на этом сервере.
health-fine = В порядке
health-warning = Внимание
health-problem = Проблема

## Users

role-changed = Роль изменена.
user-blocked = Пользователь заблокирован. Он больше не может войти, и все его сеансы завершены.
invitation-revoked = Приглашение отозвано.
role = Роль
sign-in-column = Вход
role-of-yourself = { $role } (вы)
role-of = Роль пользователя { $name }
change-role = Изменить
change-role-of = Изменить роль пользователя { $name }
set-password = Задать пароль
set-password-of = Задать пароль пользователю { $name }
for-user = для { $name }
replacing-password = Старый пароль сразу перестанет действовать, и все сеансы пользователя завершатся.
replace-password-of = Заменить пароль: { $name }
block = Заблокировать
blocking = Все сеансы пользователя завершатся, и он не сможет войти, пока вы не зададите новый пароль.
block-user = Заблокировать: { $name }
cannot-sign-in = входа нет
new-password-once = { $name } может войти с этим паролем. Больше он показан не будет:
invitation-once = Любой, у кого есть эта ссылка, может в течение семи дней создать одну учётную запись. Больше она показана не будет:
add-user-heading = Новый пользователь
add-user = Добавить
invitations = Приглашения
invitations-explained = Каждое приглашение действует один раз в течение семи дней и только пока у того, кто его создал, не изменится пароль.
invitation-of = Роль: { $role }, от { $inviter }, до { $time }
revoke = Отозвать
invite-as = Пригласить с ролью
create-invitation = Создать приглашение
no-role = Выберите роль: читатель, автор или администратор.
no-user = Пользователя с таким именем нет.
no-own-role = Свою роль снять нельзя: это может сделать другой администратор.
no-own-access = Закрыть доступ самому себе нельзя: это может сделать другой администратор.
