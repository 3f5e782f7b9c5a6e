"""Every word that the page says, in every language that it speaks.

Gradio translates labels in the browser (`label`). What Python composes, such as the status line,
is said in the language that the browser asks for (`language_of`, `words`). The English words for
knobs have their home in `nst.settings.KNOBS`, and sentences about mistakes come from the engine,
so that page, API and shell say the same.
"""

# ruff: noqa: RUF001  (other languages have their own punctuation)

from __future__ import annotations

from collections.abc import Mapping

import gradio as gr
from gradio.i18n import I18nData

from nst.settings import KNOBS

_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title": "Neural Style Transfer",
        "tagline": "Your photo, repainted stroke by stroke in the manner of a painting.",
        "photo": "Photo",
        "painting": "Painting",
        "drop_photo": "Drop, paste or choose a photo",
        "drop_painting": "Drop, paste or choose a painting",
        "photos": "Photos to try",
        "paintings": "Paintings",
        "finished": "Finished paintings",
        "paint": "Paint",
        "stop": "Stop",
        "download": "Download",
        "settings": "Settings",
        "expert": "For experts",
        "starting": "Mixing the colours …",
        "running": "Step {step} of {steps} · {side} px · {left} left",
        "done": "Finished · {width} × {height} px · {steps} steps in {time}",
        "stopped": "Stopped at step {step} of {steps} · {width} × {height} px · yours to keep",
        "unpainted": "Ready when you are.",
        "style_error": "style",
        "content_error": "content",
        "seconds": "{seconds} s",
        "minutes": "{minutes} min {seconds} s",
        "broken": "The painting went wrong here. What is on the canvas stays; please try again.",
    },
    "de": {
        "title": "Neuronale Stilübertragung",
        "tagline": "Dein Foto, Strich für Strich neu gemalt in der Art eines Gemäldes.",
        "photo": "Foto",
        "painting": "Gemälde",
        "drop_photo": "Foto ablegen, einfügen oder wählen",
        "drop_painting": "Gemälde ablegen, einfügen oder wählen",
        "photos": "Fotos zum Probieren",
        "paintings": "Gemälde",
        "finished": "Fertige Bilder",
        "paint": "Malen",
        "stop": "Anhalten",
        "download": "Herunterladen",
        "settings": "Einstellungen",
        "expert": "Für Fachleute",
        "starting": "Farben werden gemischt …",
        "running": "Schritt {step} von {steps} · {side} px · noch {left}",
        "done": "Fertig · {width} × {height} px · {steps} Schritte in {time}",
        "stopped": "Angehalten bei Schritt {step} von {steps} · {width} × {height} px · gehört dir",
        "unpainted": "Bereit, wenn du es bist.",
        "style_error": "Stil",
        "content_error": "Inhalt",
        "seconds": "{seconds} s",
        "minutes": "{minutes} min {seconds} s",
        "broken": "Beim Malen ging etwas schief. Das Bild bleibt stehen; bitte versuche es noch einmal.",
    },
    "fr": {
        "title": "Transfert de style neuronal",
        "tagline": "Votre photo, repeinte trait par trait à la manière d’un tableau.",
        "photo": "Photo",
        "painting": "Tableau",
        "drop_photo": "Déposez, collez ou choisissez une photo",
        "drop_painting": "Déposez, collez ou choisissez un tableau",
        "photos": "Photos à essayer",
        "paintings": "Tableaux",
        "finished": "Œuvres achevées",
        "paint": "Peindre",
        "stop": "Arrêter",
        "download": "Télécharger",
        "settings": "Réglages",
        "expert": "Pour spécialistes",
        "starting": "Mélange des couleurs …",
        "running": "Étape {step} sur {steps} · {side} px · encore {left}",
        "done": "Achevé · {width} × {height} px · {steps} étapes en {time}",
        "stopped": "Arrêté à l’étape {step} sur {steps} · {width} × {height} px · l’image est à vous",
        "unpainted": "Prêt quand vous l’êtes.",
        "style_error": "style",
        "content_error": "contenu",
        "seconds": "{seconds} s",
        "minutes": "{minutes} min {seconds} s",
        "broken": "Un problème est survenu. L’image reste affichée ; veuillez réessayer.",
    },
    "es": {
        "title": "Transferencia de estilo neuronal",
        "tagline": "Tu foto, repintada trazo a trazo a la manera de un cuadro.",
        "photo": "Foto",
        "painting": "Cuadro",
        "drop_photo": "Suelta, pega o elige una foto",
        "drop_painting": "Suelta, pega o elige un cuadro",
        "photos": "Fotos para probar",
        "paintings": "Cuadros",
        "finished": "Obras terminadas",
        "paint": "Pintar",
        "stop": "Parar",
        "download": "Descargar",
        "settings": "Ajustes",
        "expert": "Para expertos",
        "starting": "Mezclando los colores …",
        "running": "Paso {step} de {steps} · {side} px · faltan {left}",
        "done": "Terminado · {width} × {height} px · {steps} pasos en {time}",
        "stopped": "Parado en el paso {step} de {steps} · {width} × {height} px · la imagen es tuya",
        "unpainted": "Todo listo.",
        "style_error": "estilo",
        "content_error": "contenido",
        "seconds": "{seconds} s",
        "minutes": "{minutes} min {seconds} s",
        "broken": "Algo ha fallado al pintar. La imagen se queda; inténtalo otra vez.",
    },
    "zh": {
        "title": "神经风格迁移",
        "tagline": "把你的照片，一笔一笔重绘成名画的样子。",
        "photo": "照片",
        "painting": "画作",
        "drop_photo": "拖入、粘贴或选择照片",
        "drop_painting": "拖入、粘贴或选择画作",
        "photos": "试用照片",
        "paintings": "画作",
        "finished": "已完成的作品",
        "paint": "开始绘制",
        "stop": "停止",
        "download": "下载",
        "settings": "设置",
        "expert": "专家选项",
        "starting": "正在调色……",
        "running": "第 {step} / {steps} 步 · {side} 像素 · 还需 {left}",
        "done": "完成 · {width} × {height} 像素 · {steps} 步，用时 {time}",
        "stopped": "停在第 {step} / {steps} 步 · {width} × {height} 像素 · 作品归你",
        "unpainted": "一切就绪。",
        "style_error": "风格",
        "content_error": "内容",
        "seconds": "{seconds} 秒",
        "minutes": "{minutes} 分 {seconds} 秒",
        "broken": "绘制出了问题。画布上的内容会保留，请再试一次。",
    },
}

_KNOBS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "de": {
        "size": ("Größe", "Lange Seite des Bildes in Pixeln. Ein kleineres Foto wird nicht aufgeblasen."),
        "steps": ("Schritte", "Schritte des Optimierers, über alle Stufen zusammen."),
        "content_weight": ("Gewicht des Inhalts", "Wie viel vom Foto bleibt."),
        "style_weight": ("Gewicht des Stils", "Wie viel vom Gemälde hineinkommt."),
        "tv_weight": ("Glätte", "Gewicht der totalen Variation: mehr ist glatter."),
        "style_scale": ("Pinselgröße", "Größe des Gemäldes gegenüber dem Foto: mehr ist ein breiterer Pinsel."),
        "color": ("Farben", "Die des Gemäldes, die des Fotos unter gemaltem Licht, oder das Gemälde vorher umgefärbt."),
        "recipe": ("Rezept", "Welches veröffentlichte Rezept die übrigen Regler stellt."),
        "seed": ("Startzahl", "Gleiche Zahl, gleiches Bild. Zählt, wenn mit Rauschen begonnen wird."),
        "init": ("Beginnen mit", "Dem Foto oder Rauschen."),
        "start_size": ("Erste Größe", "Lange Seite der ersten, kleinsten Stufe in Pixeln."),
        "optimizer": ("Optimierer", "Wie sich die Pixel bewegen."),
        "learning_rate": ("Lernrate", "Länge eines Schritts. 1 passt zu L-BFGS, 0.02 zu Adam."),
        "pooling": ("Pooling", "Wie das Netz seine Karten verkleinert."),
        "padding": ("Rand", "Was die erste Faltung jenseits des Randes sieht."),
        "bounds": ("Wertebereich", "Jeden Pixel zwischen Schwarz und Weiß halten oder schweifen lassen."),
        "style_loss": ("Stilmaß", "Mittelwert und Kovarianz, Gram-Matrix oder rohe Gram-Matrix."),
        "content_loss": ("Inhaltsmaß", "Fehler relativ zu den Merkmalen des Fotos oder einfacher Mittelwert."),
        "style_layers": ("Stilschichten", "Schichten, deren Statistik die des Gemäldes wird."),
        "content_layers": ("Inhaltsschichten", "Schichten, deren Merkmale die des Fotos bleiben."),
        "backbone": ("Netz", "Das Netz, das die Bilder ansieht."),
    },
    "fr": {
        "size": ("Taille", "Grand côté de l’image en pixels. Une photo plus petite n’est pas agrandie."),
        "steps": ("Étapes", "Étapes de l’optimiseur, toutes échelles confondues."),
        "content_weight": ("Poids du contenu", "Ce qui reste de la photo."),
        "style_weight": ("Poids du style", "Ce qui vient du tableau."),
        "tv_weight": ("Lissage", "Poids de la variation totale : plus est plus lisse."),
        "style_scale": ("Taille du pinceau", "Taille du tableau face à la photo : plus est un pinceau plus large."),
        "color": (
            "Couleurs",
            "Celles du tableau, celles de la photo sous la lumière peinte, ou un tableau d’abord recoloré.",
        ),
        "recipe": ("Recette", "La recette publiée qui règle les autres commandes."),
        "seed": ("Graine", "Même graine, même image. Compte quand on part du bruit."),
        "init": ("Départ", "La photo, ou du bruit."),
        "start_size": ("Première taille", "Grand côté de la première et plus petite échelle, en pixels."),
        "optimizer": ("Optimiseur", "Comment bougent les pixels."),
        "learning_rate": ("Pas d’apprentissage", "Longueur d’un pas. 1 convient à L-BFGS, 0.02 à Adam."),
        "pooling": ("Pooling", "Comment le réseau réduit ses cartes."),
        "padding": ("Bord", "Ce que voit la première convolution au-delà du bord."),
        "bounds": ("Bornes", "Garder chaque pixel entre noir et blanc, ou le laisser libre."),
        "style_loss": ("Mesure du style", "Moyenne et covariance, matrice de Gram, ou Gram brute."),
        "content_loss": ("Mesure du contenu", "Erreur relative aux traits de la photo, ou simple moyenne."),
        "style_layers": ("Couches de style", "Couches dont la statistique est celle du tableau."),
        "content_layers": ("Couches de contenu", "Couches dont les traits sont ceux de la photo."),
        "backbone": ("Réseau", "Le réseau qui regarde les images."),
    },
    "es": {
        "size": ("Tamaño", "Lado largo de la imagen en píxeles. Una foto más pequeña no se amplía."),
        "steps": ("Pasos", "Pasos del optimizador, en todas las escalas juntas."),
        "content_weight": ("Peso del contenido", "Cuánto queda de la foto."),
        "style_weight": ("Peso del estilo", "Cuánto entra del cuadro."),
        "tv_weight": ("Suavidad", "Peso de la variación total: más es más suave."),
        "style_scale": ("Tamaño del pincel", "Tamaño del cuadro frente a la foto: más es un pincel más ancho."),
        "color": ("Colores", "Los del cuadro, los de la foto bajo la luz pintada, o un cuadro antes recoloreado."),
        "recipe": ("Receta", "Qué receta publicada ajusta los demás controles."),
        "seed": ("Semilla", "Misma semilla, misma imagen. Cuenta cuando se empieza con ruido."),
        "init": ("Empezar con", "La foto, o ruido."),
        "start_size": ("Primer tamaño", "Lado largo de la primera escala, la más pequeña, en píxeles."),
        "optimizer": ("Optimizador", "Cómo se mueven los píxeles."),
        "learning_rate": ("Ritmo", "Longitud de un paso. 1 va con L-BFGS, 0.02 con Adam."),
        "pooling": ("Pooling", "Cómo reduce la red sus mapas."),
        "padding": ("Borde", "Qué ve la primera convolución más allá del borde."),
        "bounds": ("Rango", "Mantener cada píxel entre negro y blanco, o dejarlo libre."),
        "style_loss": ("Medida del estilo", "Media y covarianza, matriz de Gram o Gram sin normalizar."),
        "content_loss": ("Medida del contenido", "Error relativo a los rasgos de la foto, o media simple."),
        "style_layers": ("Capas de estilo", "Capas cuya estadística es la del cuadro."),
        "content_layers": ("Capas de contenido", "Capas cuyos rasgos son los de la foto."),
        "backbone": ("Red", "La red que mira las imágenes."),
    },
    "zh": {
        "size": ("尺寸", "图片长边的像素数。较小的照片不会被放大。"),
        "steps": ("步数", "优化器在所有尺度上的总步数。"),
        "content_weight": ("内容权重", "保留多少照片。"),
        "style_weight": ("风格权重", "融入多少画作。"),
        "tv_weight": ("平滑度", "总变差的权重：越大越平滑。"),
        "style_scale": ("笔触大小", "画作相对照片的大小：越大笔触越宽。"),
        "color": ("颜色", "画作的颜色、照片的颜色配绘画的明暗，或先把画作调成照片的颜色。"),
        "recipe": ("配方", "由哪个公开配方设定其余选项。"),
        "seed": ("随机种子", "种子相同，图片相同。从噪声开始时才有影响。"),
        "init": ("起点", "照片或噪声。"),
        "start_size": ("起始尺寸", "第一个也是最小尺度的长边像素数。"),
        "optimizer": ("优化器", "像素如何移动。"),
        "learning_rate": ("学习率", "每一步的长度。L-BFGS 用 1，Adam 用 0.02。"),
        "pooling": ("池化", "网络如何缩小特征图。"),
        "padding": ("边缘", "第一层卷积在边界外看到什么。"),
        "bounds": ("取值范围", "每一步把像素限制在黑白之间，或不加限制。"),
        "style_loss": ("风格度量", "均值与协方差、Gram 矩阵或未归一化的 Gram 矩阵。"),
        "content_loss": ("内容度量", "相对照片特征的误差，或简单均值。"),
        "style_layers": ("风格层", "其统计量取自画作的层。"),
        "content_layers": ("内容层", "其特征取自照片的层。"),
        "backbone": ("网络", "观看图片的网络。"),
    },
}

_CHOICES: Mapping[str, Mapping[str, str]] = {
    "en": {
        "color_painting": "The painting’s",
        "color_luminance": "The photo’s, under painted light",
        "color_match": "The painting’s, recoloured like the photo",
        "init_content": "The photo",
        "init_noise": "Noise",
    },
    "de": {
        "color_painting": "Die des Gemäldes",
        "color_luminance": "Die des Fotos, gemaltes Licht",
        "color_match": "Gemälde, umgefärbt wie das Foto",
        "init_content": "Foto",
        "init_noise": "Rauschen",
    },
    "fr": {
        "color_painting": "Celles du tableau",
        "color_luminance": "Celles de la photo, lumière peinte",
        "color_match": "Tableau recoloré comme la photo",
        "init_content": "La photo",
        "init_noise": "Du bruit",
    },
    "es": {
        "color_painting": "Los del cuadro",
        "color_luminance": "Los de la foto, luz pintada",
        "color_match": "Cuadro recoloreado como la foto",
        "init_content": "La foto",
        "init_noise": "Ruido",
    },
    "zh": {
        "color_painting": "画作的颜色",
        "color_luminance": "照片的颜色，绘画的明暗",
        "color_match": "画作先调成照片的颜色",
        "init_content": "照片",
        "init_noise": "噪声",
    },
}

LANGUAGES = tuple(_WORDS)
PREFIX = "studio_"  # Gradio translates any text that equals a key, so no key may be a word


def words(language: str) -> Mapping[str, str]:
    return _WORDS[language]


def language_of(request: gr.Request | None) -> str:
    """The first language that the browser asks for and that we speak, else English."""
    asked = request.headers.get("accept-language", "") if request else ""
    spoken = (tag.strip()[:2].lower() for tag in asked.split(","))
    return next((language for language in spoken if language in _WORDS), "en")


def _dictionary(language: str) -> dict[str, str]:
    said = {**_WORDS[language], **_CHOICES[language]}
    for name, knob in KNOBS.items():
        said[f"knob_{name}"], said[f"help_{name}"] = _KNOBS.get(language, {}).get(name, (knob.label, knob.help))
    return {f"{PREFIX}{key}": text for key, text in said.items()}


TRANSLATIONS = gr.I18n(**{language: _dictionary(language) for language in LANGUAGES})


def label(key: str) -> I18nData:
    """A word that the browser translates."""
    return TRANSLATIONS(PREFIX + key)


def choice_label(knob: str, choice: str) -> I18nData | str:
    """What a choice is called; a technical name is the same in every language."""
    key = f"{knob}_{choice}"
    return label(key) if key in _CHOICES["en"] else choice


def time_said(seconds: float, language: str) -> str:
    whole = max(1, round(seconds))
    if whole < 100:
        return words(language)["seconds"].format(seconds=whole)
    return words(language)["minutes"].format(minutes=whole // 60, seconds=whole % 60)
