# Text of a push notification.
# The sender is an integration.
push-app = { $name } (تطبيق)
push-room-body = { $name }: { $words }

# The settings page.
notifications = الإشعارات
notifications-this-device = هذا الجهاز
notifications-off = الإشعارات متوقفة على هذا الجهاز.
notifications-on = الإشعارات مفعّلة. يُعلمك هذا الجهاز بالرسائل الجديدة حتى عندما يكون Confab مغلقًا.
notifications-page-only = الإشعارات مفعّلة ما دامت إحدى صفحات هذه الدردشة مفتوحة.
notifications-denied = هذا المتصفح يحظر إشعارات هذا الموقع. اسمح بها في إعدادات الموقع في المتصفح ثم عُد إلى هنا.
notifications-unsupported = هذا المتصفح لا يدعم الإشعارات. على iPhone أو iPad أضف الموقع إلى الشاشة الرئيسية أولًا.
notifications-no-script = يتطلب تفعيل الإشعارات على جهازٍ ما تشغيل JavaScript.
notifications-turn-on = تفعيل
notifications-turn-off = إيقاف
notifications-failed = لم ينجح ذلك. حاول مرة أخرى لاحقًا.
notifications-devices = الأجهزة التي تصلها الإشعارات
notifications-no-devices = لا توجد أجهزة بعد. فعّل الإشعارات على كل جهاز تريدها عليه.
notifications-current = هذا الجهاز
notifications-since = منذ { $date }
notifications-remove = إزالة
notifications-remove-device = إزالة { $device }
notifications-quiet = عدم الإزعاج
notifications-quiet-hint = في هذه الساعات لا تظهر إشعارات، وتبقى الرسائل غير مقروءة.
notifications-quiet-on = كل يوم
notifications-from = من
notifications-to = إلى
notifications-zone = المنطقة الزمنية
notifications-save = حفظ
notifications-bad-hours = أدخل وقتين مختلفين.
notifications-bad-zone = منطقة زمنية غير معروفة. أمثلة: Europe/Berlin وAfrica/Cairo.
notifications-bad-endpoint = لا يمكن استخدام خدمة الإشعارات هذه.
notifications-levels = لكل محادثة
notifications-levels-hint = افتح محادثة واختر اسمها لتحدد ما تصلك إشعارات عنه.

# Notification level of a conversation.
level = أعلمني بـ
level-all = كل رسالة
level-all-hint = كل رسالة جديدة لم تقرأها في مكان آخر.
level-mentions = الإشارات إليّ
level-mentions-hint = الرسائل التي تشير إليك. وفي المحادثات الثنائية كل رسالة.
level-none = لا شيء
level-none-hint = المحادثة مكتومة، ولا تُحتسب في عنوان الصفحة.
level-save = حفظ

# The hint in the conversation list.
notifications-hint = هل تريد تفعيل الإشعارات؟
notifications-hint-later = ليس الآن

# A browser that cannot be identified.
device-unknown = متصفح
