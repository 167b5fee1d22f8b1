from django.http import JsonResponse
from django.urls import path
from shop.models import Order


def orders(request):
    return JsonResponse({"orders": list(Order.objects.values("number", "note"))})


def health(request):
    return JsonResponse({"ok": True})


urlpatterns = [
    path("orders/", orders),
    path("health/", health),
]
