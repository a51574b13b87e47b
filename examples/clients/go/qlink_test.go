package qlink

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"
)

func TestEveryVectorIsSignedAlike(t *testing.T) {
	text, err := os.ReadFile("../../../fixtures/signing-vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors struct {
		Cases []struct{ Name, AppKey, AppSecret, Content, Sign string }
	}
	if err := json.Unmarshal(text, &vectors); err != nil || len(vectors.Cases) < 20 {
		t.Fatal("no vectors", err)
	}
	for _, one := range vectors.Cases {
		if got := Sign(one.AppKey, one.AppSecret, []byte(one.Content)); got != one.Sign {
			t.Errorf("%s is signed %s, not %s", one.Name, got, one.Sign)
		}
	}
}

func TestControlCharactersAreEscapedAsJSONHasThem(t *testing.T) {
	if got := string(quoted([]byte("\b\t\n\f\r\x00\x1f\x7f/<>&\u2028\"\\"))); got != `"\b\t\n\f\r\u0000\u001f`+"\x7f/<>&\u2028"+`\"\\"` {
		t.Error(got)
	}
}

func TestANotificationFitsTheOldAndTheNewSecretAlone(t *testing.T) {
	body := []byte(`{"tradeUuid":"t","status":"PAY_SUCCESS","orderCode":"商/"}`)
	for _, secret := range []string{"old", "new"} {
		told, err := VerifyNotification(body, Sign("key", secret, body), "key", "new", "old")
		if err != nil || told.Status != "PAY_SUCCESS" || told.OrderCode != "商/" {
			t.Error(secret, told, err)
		}
	}
	right := Sign("key", "new", body)
	var wrong *SignatureError
	for _, forged := range []string{Sign("key", "else", body), "", strings.ToUpper(right), right + " "} {
		if _, err := VerifyNotification(body, forged, "key", "new", "old"); !errors.As(err, &wrong) {
			t.Error(forged, err)
		}
	}
	if _, err := VerifyNotification(append(body, ' '), right, "key", "new"); !errors.As(err, &wrong) {
		t.Error("another body", err)
	}
	if _, err := VerifyNotification(body, Sign("key", "", body), "key", ""); err == nil {
		t.Error("an empty secret")
	}
	if _, err := VerifyNotification(body, right, "key"); err == nil {
		t.Error("no secret")
	}
}

func TestAnAnswerThatStopsInItsMiddleDoesNotHang(t *testing.T) {
	gone := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "99")
		fmt.Fprint(w, `{"success":true`)
		w.(http.Flusher).Flush()
		<-gone
	}))
	defer server.Close()
	defer close(gone)
	client := New(server.URL, "key", "secret", 200*time.Millisecond)
	client.AskAfter = []time.Duration{0}
	var lost *AmbiguousError
	if _, err := client.Apply(application("t")); !errors.As(err, &lost) || lost.Outcome != Unknown {
		t.Error(err)
	}
}

func application(tradeUUID string) Application {
	return Application{
		PayAccount: "account1", PayTypeCode: "ONLINE", PayChannelCode: "QRIS", TradeUUID: tradeUUID, TradeTime: "2025-08-04 13:45:21",
		OrderCode: "O-1", Country: "ID", Currency: "IDR", Amount: "15000.50", Description: "描述 🙂 a/b <b> \"quoted\" \\ \n",
	}
}

type merchant struct{ AppKey, AppSecret string }

// needsSandbox skips a test where there is none.
func needsSandbox(t *testing.T) {
	if os.Getenv("QLINK_BASE_URL") == "" || os.Getenv("QLINK_CONTROL_URL") == "" {
		t.Skip("no sandbox: run qlink-sandbox exec -- go test -v ./...")
	}
}

// control calls the sandbox's control API.
func control(t *testing.T, method, path string, content, answer any) {
	t.Helper()
	body, _ := json.Marshal(content)
	request, err := http.NewRequest(method, os.Getenv("QLINK_CONTROL_URL")+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	if token := os.Getenv("QLINK_CONTROL_TOKEN"); token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(response.Body)
	if response.StatusCode >= 300 {
		t.Fatalf("%s %s: %s", method, path, text)
	}
	if answer != nil {
		if err := json.Unmarshal(text, answer); err != nil {
			t.Fatal(err)
		}
	}
}

// newMerchant makes a merchant of the test's own, and its client.
func newMerchant(t *testing.T, fields map[string]any) (merchant, *Client) {
	t.Helper()
	needsSandbox(t)
	var made merchant
	control(t, http.MethodPost, "/merchants", fields, &made)
	client := New(os.Getenv("QLINK_BASE_URL"), made.AppKey, made.AppSecret, 5*time.Second)
	client.AskAfter = []time.Duration{0, 50 * time.Millisecond}
	return made, client
}

// lossy is a merchant whose first application has no clear answer.
func lossy(t *testing.T, fault, effect string) (merchant, *Client) {
	t.Helper()
	made, client := newMerchant(t, map[string]any{"scenario": map[string]any{
		"name": "lossy", "on": map[string]any{"apply": []any{map[string]any{"fault": fault, "effect": effect}, map[string]any{}}},
	}})
	if fault == "hang" {
		client.http.Timeout = time.Second
	}
	return made, client
}

func applications(t *testing.T, of merchant) int {
	t.Helper()
	var list struct{ Items []any }
	control(t, http.MethodGet, "/requests?operation=apply&appKey="+url.QueryEscape(of.AppKey), nil, &list)
	return len(list.Items)
}

func TestTheFourOperations(t *testing.T) {
	own, client := newMerchant(t, map[string]any{})
	methods, err := client.QueryPayAccount("account1")
	if err != nil || len(methods) != 3 || methods[2].Code != "QRIS" {
		t.Fatal(methods, err)
	}
	bill, err := client.Apply(application("t-1"))
	if err != nil || bill.BillCode == "" || bill.ActionValue == "" {
		t.Fatal(bill, err)
	}
	if bills, err := client.GetPayStatus([]string{"t-1"}, nil); err != nil || len(bills) != 1 || bills[0].Status != "PAY_WAIT" || bills[0].Amount != "" {
		t.Fatal(bills, err)
	}
	control(t, http.MethodPost, "/bills/tradeUuid:t-1/pay?appKey="+own.AppKey, map[string]any{}, nil)
	if bills, err := client.GetPayStatus(nil, []string{bill.BillCode}); err != nil || bills[0].Amount != "15000.50" {
		t.Fatal(bills, err)
	}
	if cancelled, err := client.Cancel("t-1"); err != nil || cancelled.ErrorCode != "BILL_ALREADY_PAID" {
		t.Fatal(cancelled, err)
	}
}

func TestAWrongSecretAndASecondUseAreRefused(t *testing.T) {
	own, client := newMerchant(t, map[string]any{})
	var wrong *SignatureError
	if _, err := New(os.Getenv("QLINK_BASE_URL"), own.AppKey, "wrong", time.Second).Apply(application("t-2")); !errors.As(err, &wrong) || wrong.Reason != "SIGN_MISMATCH" {
		t.Error(err)
	}
	if _, err := New(os.Getenv("QLINK_BASE_URL"), "nobody", "wrong", time.Second).QueryPayAccount("account1"); !errors.As(err, &wrong) {
		t.Error(err)
	}
	if _, err := client.Apply(application("t-2")); err != nil {
		t.Fatal(err)
	}
	var refused *RefusedError
	if _, err := client.Apply(application("t-2")); !errors.As(err, &refused) || refused.Reason != "TRADE_UUID_TAKEN" {
		t.Error(err)
	}
}

func TestAnApplicationWhoseAnswerIsLostIsAskedFor(t *testing.T) {
	for _, fault := range []string{"connection-reset", "empty-response", "truncated-json", "garbage", "hang", "http-500", "http-504"} {
		own, client := lossy(t, fault, "kept")
		bill, err := client.Apply(application("t-4"))
		if err != nil || bill.Status != "PAY_WAIT" || bill.BillCode == "" || bill.ActionValue != "" {
			t.Error(fault, bill, err)
		}
		if count := applications(t, own); count != 1 {
			t.Errorf("%s: applied %d times", fault, count)
		}
	}
}

func TestAnApplicationThatNeverArrivedIsTold(t *testing.T) {
	for _, fault := range []string{"connection-reset", "hang", "http-503"} {
		own, client := lossy(t, fault, "none")
		var lost *AmbiguousError
		if _, err := client.Apply(application("t-5")); !errors.As(err, &lost) || lost.Outcome != NotThere {
			t.Error(fault, err)
		}
		if count := applications(t, own); count != 1 {
			t.Errorf("%s: applied %d times", fault, count)
		}
		// What the caller may do, and the client never does: the same tradeUuid again.
		if bill, err := client.Apply(application("t-5")); err != nil || bill.ActionValue == "" {
			t.Error(fault, bill, err)
		}
	}
}

func TestARealNotificationIsVerifiedAndAForgedOneRefused(t *testing.T) {
	needsSandbox(t)
	type taken struct {
		told *Notification
		err  error
	}
	took := make(chan taken, 10)
	var own merchant
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		told, err := VerifyNotification(body, r.Header.Get("sign"), own.AppKey, "the-next-secret", own.AppSecret)
		if err != nil {
			w.WriteHeader(http.StatusUnauthorized)
		}
		took <- taken{told, err}
	}))
	defer shop.Close()
	own, client := newMerchant(t, map[string]any{"notifyUrl": shop.URL, "clock": "manual"})
	next := func() taken {
		select {
		case one := <-took:
			return one
		case <-time.After(10 * time.Second):
			t.Fatal("nothing was told")
			return taken{}
		}
	}
	if _, err := client.Apply(application("t-6")); err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []string{"wrong", "missing"} {
		control(t, http.MethodPost, "/bills/tradeUuid:t-6/notify?appKey="+own.AppKey, map[string]any{"status": "PAY_SUCCESS", "sign": wrong}, nil)
		var forged *SignatureError
		if one := next(); !errors.As(one.err, &forged) {
			t.Error(wrong, one)
		}
	}
	control(t, http.MethodPost, "/bills/tradeUuid:t-6/pay?appKey="+own.AppKey, map[string]any{}, nil)
	if one := next(); one.err != nil || one.told.TradeUUID != "t-6" || one.told.Status != "PAY_SUCCESS" {
		t.Error(one)
	}
}
