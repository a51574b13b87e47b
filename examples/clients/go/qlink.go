// Package qlink is a merchant's client of QLink: one file, Go 1.19 or newer, the standard library alone. Copy it.
package qlink

import (
	"bytes"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// Result wraps an answer where something does: QLink's document does not say so, its publisher's newer documents use this name.
const Result = "result"

// RefusedError says that QLink has said no (success: false): nothing was done.
type RefusedError struct {
	Message string
	// Reason is the sandbox's name for it; QLink itself gives words alone.
	Reason string
}

func (e *RefusedError) Error() string { return e.Message }

// SignatureError says that QLink did not take our appKey and sign, or that a notification's signature does not fit.
type SignatureError struct {
	Message string
	Reason  string
}

func (e *SignatureError) Error() string { return e.Message }

// Outcomes of asking for an application whose answer was lost.
const (
	NotThere = "NOT_THERE"
	Unknown  = "UNKNOWN"
)

// AmbiguousError says that no clear answer came (timeout, reset, 5xx, cut off): it may have been done or not.
//
// After Apply, Outcome tells what asking has shown: NotThere, or Unknown where asking failed too. Even NotThere may change,
// since the application can still be on its way. So never apply again under another tradeUuid: the customer might pay twice.
// To apply again with the SAME tradeUuid is safe, for QLink takes each once: if that is refused, the first one arrived after
// all, and GetPayStatus tells its state.
type AmbiguousError struct {
	Message string
	Outcome string
	Cause   error
}

func (e *AmbiguousError) Error() string { return e.Message }
func (e *AmbiguousError) Unwrap() error { return e.Cause }

// Method is one row of QueryPayAccount's answer.
type Method struct {
	ServiceProvider string `json:"serviceProvider"`
	Type            string `json:"type"`
	Code            string `json:"code"`
	Name            string `json:"name"`
}

// Application holds the fields of apply. Amount is text or digits, json.Number("15000.50"): never a float64.
type Application struct {
	PayAccount     string      `json:"payAccount"`
	PayTypeCode    string      `json:"payTypeCode"`
	PayChannelCode string      `json:"payChannelCode,omitempty"`
	TradeUUID      string      `json:"tradeUuid"`
	TradeTime      string      `json:"tradeTime"`
	Source         string      `json:"source,omitempty"`
	OrderCode      string      `json:"orderCode"`
	Country        string      `json:"country"`
	Currency       string      `json:"currency"`
	Amount         json.Number `json:"amount"`
	Description    string      `json:"description,omitempty"`
	Metadata       any         `json:"metadata,omitempty"`
	Items          []Item      `json:"items,omitempty"`
}

// Item is one of an application's items.
type Item struct {
	SkuCode     string      `json:"skuCode"`
	SkuName     string      `json:"skuName"`
	Quantity    json.Number `json:"quantity"`
	URL         string      `json:"url,omitempty"`
	ImageURL    string      `json:"imageUrl,omitempty"`
	Category    string      `json:"category,omitempty"`
	Subcategory string      `json:"subcategory,omitempty"`
	Description string      `json:"description,omitempty"`
	Metadata    any         `json:"metadata,omitempty"`
}

// Applied is a bill that is there. Where its answer was lost and it was asked for, Status is known and ActionValue is not: no
// call gives it again, so cancel such a bill, and only after SUCCESS apply under a new tradeUuid.
type Applied struct {
	BillCode         string `json:"billCode"`
	PaymentRequestID string `json:"paymentRequestId"`
	ActionValue      string `json:"actionValue"`
	ErrorCode        string `json:"errorCode"`
	Status           string `json:"-"`
}

// Bill is one entry of GetPayStatus. Amount is empty until it is paid.
type Bill struct {
	TradeUUID        string      `json:"tradeUuid"`
	BillCode         string      `json:"billCode"`
	PaymentRequestID string      `json:"paymentRequestId"`
	OrderCode        string      `json:"orderCode"`
	Status           string      `json:"status"`
	PayTime          string      `json:"payTime"`
	Amount           json.Number `json:"amount"`
	Currency         string      `json:"currency"`
	ErrorCode        string      `json:"errorCode"`
}

// Cancelled is the answer to Cancel: Status is SUCCESS, WAIT or FAIL.
type Cancelled struct {
	Status     string `json:"status"`
	CancelTime string `json:"cancelTime"`
	ErrorCode  string `json:"errorCode"`
}

// Notification is what QLink tells. It has no amount: ask GetPayStatus for it.
type Notification struct {
	TradeUUID        string `json:"tradeUuid"`
	BillCode         string `json:"billCode"`
	OrderCode        string `json:"orderCode"`
	PaymentRequestID string `json:"paymentRequestId"`
	Status           string `json:"status"`
	PayTime          string `json:"payTime"`
	ErrorCode        string `json:"errorCode"`
}

// Client makes the four calls. It may be used by many goroutines at once.
type Client struct {
	baseURL, appKey, appSecret string
	http                       *http.Client
	// AskAfter says how long to wait before each question about an application whose answer is lost.
	AskAfter []time.Duration
}

// New makes a client; timeout is for a whole call, with its answer.
func New(baseURL, appKey, appSecret string, timeout time.Duration) *Client {
	noRedirects := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{
		baseURL: strings.TrimRight(baseURL, "/"), appKey: appKey, appSecret: appSecret,
		http:     &http.Client{Timeout: timeout, CheckRedirect: noRedirects},
		AskAfter: []time.Duration{0, time.Second, 3 * time.Second},
	}
}

// QueryPayAccount gives the ways to pay of an account.
func (c *Client) QueryPayAccount(payAccount string) (methods []Method, err error) {
	return methods, c.call("queryPayAccount", map[string]string{"payAccount": payAccount}, &methods)
}

// Apply applies for a payment, once. After an ambiguous answer it asks for the bill and never applies a second time: it returns
// the bill where it is there, else an AmbiguousError, which says how to go on.
func (c *Client) Apply(application Application) (*Applied, error) {
	applied := &Applied{}
	err := c.call("apply", application, applied)
	if err == nil && applied.BillCode == "" {
		err = &AmbiguousError{Message: "the answer to apply has no billCode", Outcome: Unknown}
	}
	var lost *AmbiguousError
	if errors.As(err, &lost) {
		return c.askFor(application.TradeUUID, lost)
	}
	if err != nil {
		return nil, err
	}
	return applied, nil
}

// GetPayStatus gives the bills that are there, by either of their names.
func (c *Client) GetPayStatus(tradeUUIDs, billCodes []string) (bills []Bill, err error) {
	asked := map[string][]string{}
	if len(tradeUUIDs) > 0 {
		asked["tradeUuidList"] = tradeUUIDs
	}
	if len(billCodes) > 0 {
		asked["billCodeList"] = billCodes
	}
	return bills, c.call("getPayStatus", asked, &bills)
}

// Cancel asks to cancel a bill. It is safe to ask again.
func (c *Client) Cancel(tradeUUID string) (*Cancelled, error) {
	cancelled := &Cancelled{}
	if err := c.call("cancel", map[string]string{"tradeUuid": tradeUUID}, cancelled); err != nil {
		return nil, err
	}
	if cancelled.Status == "" {
		return nil, &AmbiguousError{Message: "the answer to cancel has no status", Outcome: Unknown}
	}
	return cancelled, nil
}

func (c *Client) askFor(tradeUUID string, lost *AmbiguousError) (*Applied, error) {
	outcome, asked := Unknown, "asking for the bill failed too"
	for _, wait := range c.AskAfter {
		time.Sleep(wait)
		bills, err := c.GetPayStatus([]string{tradeUUID}, nil)
		if err != nil {
			continue
		}
		for _, bill := range bills {
			if bill.TradeUUID == tradeUUID {
				return &Applied{BillCode: bill.BillCode, PaymentRequestID: bill.PaymentRequestID, ErrorCode: bill.ErrorCode, Status: bill.Status}, nil
			}
		}
		outcome, asked = NotThere, "there was no such bill when asked"
	}
	return nil, &AmbiguousError{Message: fmt.Sprintf("apply of %s: %s; %s", tradeUUID, lost.Message, asked), Outcome: outcome, Cause: lost}
}

// QLink gives words alone; these are looked for where there is no reason by name.
var aboutSignature = regexp.MustCompile(`(?i)\bsign(ature)?\b|签名|验签`)

func (c *Client) call(operation string, fields, answer any) error {
	body, err := json.Marshal(fields) // these very bytes are signed, and sent
	if err != nil {
		return err
	}
	request, err := http.NewRequest(http.MethodPost, c.baseURL+"/"+operation, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header = http.Header{"Content-Type": {"application/json"}, "appKey": {c.appKey}, "sign": {Sign(c.appKey, c.appSecret, body)}}
	ambiguous := func(cause error, format string, values ...any) error {
		return &AmbiguousError{Message: operation + " " + fmt.Sprintf(format, values...), Outcome: Unknown, Cause: cause}
	}
	response, err := c.http.Do(request)
	if err != nil {
		return ambiguous(err, "had no answer: %v", err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		return ambiguous(err, "had half an answer: %v", err)
	}
	if response.StatusCode >= 500 {
		return ambiguous(nil, "was answered with HTTP %d", response.StatusCode)
	}
	var common struct {
		Success *bool           `json:"success"`
		Message string          `json:"message"`
		Result  json.RawMessage `json:"result"`
	}
	if !json.Valid(raw) {
		return ambiguous(nil, "was answered (HTTP %d) with what is not whole JSON", response.StatusCode)
	}
	isObject := json.Unmarshal(raw, &common) == nil
	if isObject && common.Success != nil && !*common.Success {
		return refusal(common.Message, response)
	}
	if response.StatusCode != http.StatusOK {
		return ambiguous(nil, "was answered with HTTP %d", response.StatusCode)
	}
	if isObject && common.Result != nil {
		raw = common.Result
	}
	if err := json.Unmarshal(raw, answer); err != nil {
		return ambiguous(err, "was answered with what is not understood: %v", err)
	}
	return nil
}

func refusal(message string, response *http.Response) error {
	reason := response.Header.Get("x-qlink-sandbox-error")
	switch {
	case reason == "SIGN_MISMATCH", reason == "APP_KEY_UNKNOWN", reason == "HEADER_MISSING", response.StatusCode == http.StatusUnauthorized,
		reason == "" && aboutSignature.MatchString(message):
		return &SignatureError{Message: message, Reason: reason}
	}
	return &RefusedError{Message: message, Reason: reason}
}

// Sign is SHA-1 over {"appKey":"…","content":"<the body as a JSON string>"} and the secret; body is the bytes that travel.
func Sign(appKey, appSecret string, body []byte) string {
	text := append([]byte(`{"appKey":`), quoted([]byte(appKey))...)
	if len(body) > 0 {
		text = append(append(text, `,"content":`...), quoted(body)...)
	}
	sum := sha1.Sum(append(append(text, '}'), appSecret...))
	return hex.EncodeToString(sum[:])
}

// quoted writes UTF-8 as a JSON string: quotes, backslashes and control characters escaped, and all else (/, <, 商) as it is.
// json.Marshal would escape <, > and & too, and U+2028.
func quoted(raw []byte) []byte {
	out := []byte{'"'}
	for _, b := range raw {
		if at := strings.IndexByte("\"\\\b\t\n\f\r", b); at >= 0 {
			out = append(out, '\\', "\"\\btnfr"[at])
		} else if b < 0x20 {
			out = append(out, fmt.Sprintf("\\u%04x", b)...)
		} else {
			out = append(out, b)
		}
	}
	return append(out, '"')
}

// VerifyNotification returns the notification if its signature fits one of the secrets (while keys rotate: the old and the
// new). rawBody is the bytes as they came, signature the header sign, appKey your own. On a SignatureError answer 401, and do
// nothing. The scheme knows no time and no nonce, so the same notification may come again, by QLink or by another: what it
// causes must happen once.
func VerifyNotification(rawBody []byte, signature, appKey string, secrets ...string) (*Notification, error) {
	fits := 0
	for _, secret := range secrets {
		if secret == "" {
			return nil, errors.New("an empty appSecret is none: everyone could sign with it")
		}
		// All are tried, so that the time does not tell which one fits.
		fits |= subtle.ConstantTimeCompare([]byte(Sign(appKey, secret, rawBody)), []byte(signature))
	}
	if fits == 0 {
		return nil, &SignatureError{Message: "the notification's signature does not fit"}
	}
	told := &Notification{}
	if err := json.Unmarshal(rawBody, told); err != nil {
		return nil, &AmbiguousError{Message: "the notification is not what the document says: " + err.Error(), Outcome: Unknown, Cause: err}
	}
	return told, nil
}
