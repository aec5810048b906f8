# What a device shows.
push-room-body = { $name }: { $words }

# The page of settings.
notifications = الإشعارات
notifications-this-device = هذا الجهاز
notifications-off = الإشعارات متوقفة على هذا الجهاز.
notifications-on = الإشعارات مفعّلة: يُعلمك هذا الجهاز بالرسائل الجديدة حتى عندما يكون Confab مغلقًا.
notifications-page-only = الإشعارات مفعّلة ما دامت إحدى صفحات هذه الدردشة مفتوحة.
notifications-denied = هذا المتصفح يحظر إشعارات هذا الموقع. اسمح بها في إعدادات الموقع في المتصفح ثم عُد إلى هنا.
notifications-unsupported = هذا المتصفح لا يعرض الإشعارات. على iPhone أو iPad أضف الموقع إلى الشاشة الرئيسية أولًا.
notifications-no-script = يتطلب تفعيل الإشعارات على جهازٍ ما تشغيل JavaScript.
notifications-turn-on = تفعيل
notifications-turn-off = إيقاف
notifications-failed = لم ينجح ذلك. حاول مرة أخرى لاحقًا.
notifications-devices = الأجهزة التي تصلها الإشعارات
notifications-no-devices = لا يوجد جهاز بعد. فعّل الإشعارات على الجهاز الذي تريده.
notifications-current = هذا الجهاز
notifications-since = منذ { $date }
notifications-remove = إزالة
notifications-remove-device = إزالة { $device }
notifications-quiet = عدم الإزعاج
notifications-quiet-hint = في هذه الساعات لا يظهر شيء، وتنتظرك الرسائل غير مقروءة.
notifications-quiet-on = كل يوم
notifications-from = من
notifications-to = إلى
notifications-zone = المنطقة الزمنية
notifications-save = حفظ
notifications-bad-hours = أدخل الوقتين، على أن يكونا مختلفين.
notifications-bad-zone = لا توجد منطقة زمنية بهذا الاسم. أمثلة: Europe/Berlin وAfrica/Cairo.
notifications-bad-endpoint = لا يمكن استخدام خدمة الإشعارات هذه.
notifications-levels = لكل محادثة
notifications-levels-hint = افتح محادثة واختر اسمها: هناك تحدد ما تُعلَم به منها.

# What one is notified of in a conversation.
level = أعلمني بـ
level-all = كل رسالة
level-all-hint = كل رسالة جديدة لم تقرأها في مكان آخر.
level-mentions = الإشارات إليّ
level-mentions-hint = الرسائل التي تذكرك بالاسم. وبين شخصين تُعد كل رسالة كذلك.
level-none = لا شيء
level-none-hint = المحادثة مكتومة، ولا تُحتسب في العنوان أيضًا.
level-save = حفظ

# The hint in the list.
notifications-hint = هل تريد أن نُعلمك بالرسائل الجديدة وأنت في مكان آخر؟
notifications-hint-later = ليس الآن

# A browser that does not say what it is.
device-unknown = متصفح
