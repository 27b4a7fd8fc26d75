"""Pages of a paper as pictures, under each other, as wide as there is room."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QPalette, QPixmap
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from client.jobs.ports import Picture


class PageView(QScrollArea):
    """Shows pages; the arrow and page keys scroll."""

    def __init__(self, name: str, spoken: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName(spoken)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._inner = QWidget()
        self._column = QVBoxLayout(self._inner)
        self._column.setSpacing(14)
        self._column.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        self.setWidget(self._inner)
        self._shown: tuple[Picture, ...] = ()

    def show_pages(self, pictures: tuple[Picture, ...], spoken: str) -> None:
        """Show other pages."""
        self.setAccessibleDescription(spoken)
        if pictures is self._shown:
            return
        self._shown = pictures
        while item := self._column.takeAt(0):
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        for picture in pictures:
            self._column.addWidget(_Page(picture))


class _Page(QWidget):
    """One page on white, whatever the theme: it is paper."""

    def __init__(self, picture: Picture) -> None:
        super().__init__()
        image = QImage(
            picture.pixels, picture.width, picture.height, picture.stride, QImage.Format.Format_RGB32
        )
        self._pixmap = QPixmap.fromImage(image.copy())
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setMaximumWidth(max(1, picture.width))

    def sizeHint(self) -> QSize:
        """Return the picture's own size."""
        return self._pixmap.size()

    def minimumSizeHint(self) -> QSize:
        """Return a size at which a page can still be told from another."""
        return QSize(160, self.heightForWidth(160))

    def hasHeightForWidth(self) -> bool:
        """Tell that the page keeps its shape."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Return the height that keeps the page's shape."""
        return int(width * self._pixmap.height() / max(1, self._pixmap.width()))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the page with a thin edge."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawPixmap(self.rect(), self._pixmap)
        painter.setPen(self.palette().color(QPalette.ColorRole.Mid))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()
